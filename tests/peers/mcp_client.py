"""A foreign MCP client for the tests: PyPI's `mcp`, over HTTP or in front of `andonctl mcp`.

Reads JSON lines on standard input, each `{"tool": …, "arguments": {…}}` or `{"list": true}`, and answers each with one
JSON line. The address comes from ANDON_GATEWAY (HTTP) or the command from the arguments (stdio); the token from
ANDON_AGENT_TOKEN. The mode of the connection (`auto`, `legacy` or a revision) comes from ANDON_MCP_MODE.
"""

import asyncio
import json
import os
import sys

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client


def answer_of(result):
    texts = [block.text for block in result.content if block.type == "text"]
    return {"is_error": bool(result.is_error), "data": result.structured_content, "text": texts[0] if texts else None}


async def serve(client):
    loop = asyncio.get_running_loop()
    print(json.dumps({"version": client.protocol_version}), flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        wish = json.loads(line)
        try:
            if wish.get("list"):
                tools = (await client.list_tools()).tools
                names = {tool.name: bool(tool.annotations and tool.annotations.read_only_hint) for tool in tools}
                answer = {"tools": names}
            else:
                answer = answer_of(await client.call_tool(wish["tool"], wish["arguments"], read_timeout_seconds=90))
        except Exception as error:  # noqa: BLE001 - whatever it is, the test wants to see it
            answer = {"failed": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


async def main():
    token, mode = os.environ["ANDON_AGENT_TOKEN"], os.environ.get("ANDON_MCP_MODE", "auto")
    if len(sys.argv) > 1:
        server = StdioServerParameters(command=sys.argv[1], args=sys.argv[2:], env={"ANDON_AGENT_TOKEN": token})
        async with Client(server, mode=mode) as client:
            await serve(client)
        return
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(headers=headers, trust_env=False, timeout=httpx2.Timeout(90)) as http:
        transport = streamable_http_client(os.environ["ANDON_GATEWAY"], http_client=http)
        async with Client(transport, mode=mode) as client:
            await serve(client)


asyncio.run(main())
