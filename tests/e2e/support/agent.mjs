// An agent: one POST a call in the stateless revision of MCP, with a token made by `andonctl agent add`.

const VERSION = "2026-07-28";

/** A new agent of this console that may ask for purchase orders. */
export async function addAgent(console, name = "buyer") {
  const answer = JSON.parse(await console.ctl("agent", "add", name, "--scope", "sap.*", "--scope", "mes.get_*", "--class", "class_iii", "--json"));
  return new Agent(console.gateway, answer.token);
}

/** An order of hydraulic hoses at 42.80 euro: below 24 pieces MEDIUM, above 2336 CRITICAL, else HIGH. */
export function order(pieces, more = {}) {
  return {
    company_code: "1000", purchasing_organization: "1000", purchasing_group: "001", supplier: "0000100482", currency: "EUR",
    items: [{ material: "HX-220", plant: "1010", quantity: String(pieces), unit: "PC", net_price: "42.80" }],
    rationale: "Stock is below its reorder point.", idempotency_key: `e2e-${pieces}-${crypto.randomUUID()}`, ...more,
  };
}

class Agent {
  constructor(gateway, token) {
    Object.assign(this, { gateway, token });
  }

  /** Calls a tool and gives its structured content. */
  async call(name, args, signal) {
    const meta = { "io.modelcontextprotocol/protocolVersion": VERSION, "io.modelcontextprotocol/clientCapabilities": {}, "io.modelcontextprotocol/clientInfo": { name: "e2e", version: "1" } };
    const answer = await fetch(this.gateway, {
      method: "POST", signal,
      headers: {
        "content-type": "application/json", accept: "application/json, text/event-stream", authorization: `Bearer ${this.token}`,
        "mcp-protocol-version": VERSION, "mcp-method": "tools/call", "mcp-name": name,
      },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: args, _meta: meta } }),
    });
    const lines = (await answer.text()).split("\n").map((line) => line.replace(/^data:/, "").trim()).filter((line) => line.startsWith("{"));
    const message = JSON.parse(lines.at(-1) ?? "null");
    if (message?.result === undefined) throw new Error(`${name}: ${answer.status} ${JSON.stringify(message)}`);
    return message.result.structuredContent;
  }

  /** Asks for an order and goes on asking until it has ended; gives how. The error of a console that went away is its end. */
  ask(args) {
    const work = async () => {
      let answer = await this.call("sap_create_purchase_order", args);
      while (answer.status === "pending") answer = await this.call("await_approval", { approval_id: answer.approval_id });
      return answer;
    };
    return work().catch((error) => ({ status: "lost", error: String(error) }));
  }
}
