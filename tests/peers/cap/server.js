// The rows of the peer, made up from plain arithmetic, and the two things of SAP's gateway that CAP does not do by itself:
// the CSRF handshake of a write, and document numbers from a number range.
const cds = require("@sap/cds");
const { randomBytes } = require("node:crypto");

const ORDERS = Number(process.env.PEER_ORDERS ?? 1200);
const tokens = new Set();

// Before the adapter, which answers whatever reaches it.
cds.prependListener("bootstrap", (app) => {
  app.use("/sap/opu/odata/sap", (request, response, next) => {
    const asked = request.get("x-csrf-token");
    if (request.method === "GET" || request.method === "HEAD") {
      if (asked?.toLowerCase() === "fetch") {
        const token = randomBytes(16).toString("base64url");
        tokens.add(token);
        response.set("x-csrf-token", token);
        response.cookie("SAP_SESSIONID_CAP_100", token, { httpOnly: true, path: "/" });
      }
      return next();
    }
    const cookie = /SAP_SESSIONID_CAP_100=([^;]+)/.exec(request.get("cookie") ?? "")?.[1];
    if (!asked || !tokens.has(asked) || cookie !== asked) {
      return response.set("x-csrf-token", "Required").status(403).type("text/plain").send("CSRF token validation failed");
    }
    return next();
  });
});

const pad = (number, length) => String(number).padStart(length, "0");
const day = (offset) => new Date(Date.UTC(2026, 0, 5) + offset * 86_400_000).toISOString().slice(0, 10);
const last = (list) => list[list.length - 1];

function orders() {
  const headers = [];
  const items = [];
  const states = ["02", "03", "05", "05", "08"];
  for (let n = 1; n <= ORDERS; n += 1) {
    const PurchaseOrder = pad(4_500_000_000 + n, 10);
    const status = states[n % states.length];
    headers.push({
      PurchaseOrder,
      CompanyCode: "1000",
      PurchaseOrderType: "NB",
      Supplier: pad(100_000 + (n % 12), 10),
      PurchasingOrganization: "1000",
      PurchasingGroup: "001",
      DocumentCurrency: n % 17 === 0 ? "JPY" : "EUR",
      PaymentTerms: "0001",
      PurchaseOrderDate: day(n % 300),
      CreationDate: day(n % 300),
      LastChangeDateTime: `${day(n % 300)}T08:30:00Z`,
      PurchasingProcessingStatus: status,
      PurchasingCompletenessStatus: n % 41 === 0,
      ReleaseIsNotCompleted: status === "03",
      PurchasingDocumentDeletionCode: n % 53 === 0 ? "L" : "",
      CorrespncExternalReference: "",
      CorrespncInternalReference: "",
      CreatedByUser: n % 2 ? "MEYER" : "O'NEILL",
    });
    for (let i = 1; i <= 1 + (n % 4); i += 1) {
      items.push({
        PurchaseOrder,
        PurchaseOrderItem: pad(i * 10, 5),
        PurchaseOrderItemText: `Part ${n % 30}`,
        Material: `MAT-${pad(n % 30, 3)}`,
        Plant: ["1010", "1020", "1030"][n % 3],
        StorageLocation: "0001",
        MaterialGroup: "01",
        OrderQuantity: `${i * 10}.500`,
        PurchaseOrderQuantityUnit: "PC",
        OrderPriceUnit: "PC",
        OrderPriceUnitToOrderUnitNmrtr: 1,
        OrdPriceUnitToOrderUnitDnmntr: 1,
        NetPriceAmount: `${100 + (n % 7)}.250`,
        NetPriceQuantity: n % 5 === 0 ? 100 : 1,
        DocumentCurrency: last(headers).DocumentCurrency,
        PurchasingDocumentDeletionCode: i === 4 ? "L" : "",
        PurchasingItemIsFreeOfCharge: i === 3,
        IsCompletelyDelivered: n % 3 === 0,
        IsFinallyInvoiced: n % 6 === 0,
      });
    }
  }
  return { headers, items };
}

function stock() {
  const rows = [];
  for (let m = 0; m < 30; m += 1) {
    for (const [Batch, type, special, quantity] of [
      ["A1", "01", "", "120.25"],
      ["A2", "01", "", "-20.25"],
      ["A1", "02", "", "7"],
      ["A1", "01", "K", "500"],
    ]) {
      rows.push({
        Material: `MAT-${pad(m, 3)}`,
        Plant: ["1010", "1020", "1030"][m % 3],
        StorageLocation: "0001",
        Batch,
        Supplier: special ? "0000100001" : "",
        Customer: "",
        WBSElementInternalID: "",
        SDDocument: "",
        SDDocumentItem: "",
        InventorySpecialStockType: special,
        InventoryStockType: type,
        MaterialBaseUnit: "PC",
        MatlWrhsStkQtyInMatlBaseUnit: quantity,
      });
    }
  }
  return rows;
}

function products() {
  const sets = { product: [], description: [], plant: [], valuation: [] };
  for (let m = 0; m < 30; m += 1) {
    const Product = `MAT-${pad(m, 3)}`;
    const Plant = ["1010", "1020", "1030"][m % 3];
    sets.product.push({
      Product,
      ProductType: m % 2 ? "ROH" : "HALB",
      BaseUnit: "PC",
      ProductGroup: "01",
      GrossWeight: "1.500",
      NetWeight: "1.250",
      WeightUnit: "KG",
      CrossPlantStatus: "",
      IsMarkedForDeletion: m === 29,
      IsBatchManagementRequired: true,
      ProductStandardID: "",
      LastChangeDateTime: "2026-03-01T10:00:00Z",
    });
    sets.description.push({ Product, Language: "DE", ProductDescription: `Teil ${m}` });
    if (m !== 7) sets.description.push({ Product, Language: "EN", ProductDescription: `Part ${m}` });
    sets.plant.push({ Product, Plant, MRPType: "PD", ABCIndicator: "A", PurchasingGroup: "001" });
    sets.valuation.push({
      Product,
      ValuationArea: Plant,
      ValuationType: "",
      StandardPrice: "250.000",
      MovingAveragePrice: "240.500",
      PriceUnitQty: 100,
      InventoryValuationProcedure: m % 2 ? "V" : "S",
      Currency: "EUR",
      BaseUnit: "PC",
      ValuationClass: "3000",
    });
  }
  return sets;
}

function costCenters() {
  const sets = { center: [], text: [], plan: [], actual: [] };
  for (let c = 1; c <= 6; c += 1) {
    const CostCenter = pad(4000 + c, 10);
    const slices = c === 2 ? [["2020-01-01", "2024-12-31"], ["2025-01-01", "9999-12-31"]] : [["2020-01-01", "9999-12-31"]];
    for (const [ValidityStartDate, ValidityEndDate] of slices) {
      sets.center.push({
        ControllingArea: "A000",
        CostCenter,
        ValidityEndDate,
        ValidityStartDate,
        CompanyCode: "1000",
        Department: `D${c}`,
        CostCtrResponsiblePersonName: `Person ${c}`,
        CostCtrResponsibleUser: `USER${c}`,
        CostCenterCurrency: "EUR",
        ProfitCenter: "PC1",
        CostCenterCategory: "F",
        IsBlkdForPrimaryCostsPosting: c === 6 ? "X" : "",
      });
      for (const [Language, CostCenterName] of [["EN", `Line ${c}`], ["DE", `Linie ${c}`]]) {
        sets.text.push({ CostCenter, ControllingArea: "A000", Language, ValidityEndDate, CostCenterName, CostCenterDescription: `${CostCenterName}, plant 1010` });
      }
    }
    for (let period = 1; period <= 12; period += 1) {
      const common = { CompanyCode: "1000", Ledger: "0L", LedgerFiscalYear: "2026", CostCenter, ControllingArea: "A000", CompanyCodeCurrency: "EUR" };
      // The fifth has no plan: its budget is not available, which is not the same as zero.
      if (c !== 5) {
        sets.plan.push({ ...common, ID: `P${c}-${period}`, FiscalPeriod: pad(period, 3), PlanningCategory: "PLN", AmountInCompanyCodeCurrency: "1000.100" });
      }
      sets.actual.push({ ...common, ID: `J${c}-${period}`, FiscalYearPeriod: `2026${pad(period, 3)}`, GLAccount: "0000400000", AmountInCompanyCodeCurrency: period === 12 ? "-10.050" : "80.005" });
    }
  }
  return sets;
}

cds.on("served", async (services) => {
  const { INSERT } = cds.ql;
  const put = async (name, rows) => {
    for (let at = 0; at < rows.length; at += 500) await cds.db.run(INSERT.into(name).entries(rows.slice(at, at + 500)));
  };
  const { headers, items } = orders();
  await put("API_PURCHASEORDER_PROCESS_SRV.A_PurchaseOrder", headers);
  await put("API_PURCHASEORDER_PROCESS_SRV.A_PurchaseOrderItem", items);
  await put("API_MATERIAL_STOCK_SRV.A_MatlStkInAcctMod", stock());
  const product = products();
  await put("API_PRODUCT_SRV.A_Product", product.product);
  await put("API_PRODUCT_SRV.A_ProductDescription", product.description);
  await put("API_PRODUCT_SRV.A_ProductPlant", product.plant);
  await put("API_PRODUCT_SRV.A_ProductValuation", product.valuation);
  const center = costCenters();
  await put("API_COSTCENTER_SRV.A_CostCenter", center.center);
  await put("API_COSTCENTER_SRV.A_CostCenterText", center.text);
  await put("API_FINPLANNINGENTRYITEM_SRV.A_FinPlanningEntryItem", center.plan);
  await put("API_JOURNALENTRYITEMBASIC_SRV.A_JournalEntryItemBasic", center.actual);

  let next = 4_500_000_000 + ORDERS;
  services.API_PURCHASEORDER_PROCESS_SRV.before("CREATE", "A_PurchaseOrder", (request) => {
    next += 1;
    const order = request.data;
    order.PurchaseOrder = pad(next, 10);
    order.LastChangeDateTime = new Date().toISOString();
    order.PurchaseOrderDate = order.LastChangeDateTime.slice(0, 10);
    order.PurchasingProcessingStatus = "02";
    order.PurchasingCompletenessStatus = false;
    order.ReleaseIsNotCompleted = false;
    order.PurchasingDocumentDeletionCode = "";
    for (const item of order.to_PurchaseOrderItem ?? []) {
      item.PurchaseOrder = order.PurchaseOrder;
      item.PurchaseOrderItem = pad(item.PurchaseOrderItem, 5);
      item.DocumentCurrency = order.DocumentCurrency;
      for (const line of item.to_ScheduleLine ?? []) {
        line.PurchasingDocument = order.PurchaseOrder;
        line.PurchasingDocumentItem = item.PurchaseOrderItem;
        line.ScheduleLine ??= "0001";
      }
    }
  });
});

cds.once("listening", ({ server }) => {
  const endpoint = `http://127.0.0.1:${server.address().port}/sap/opu/odata/sap`;
  process.stdout.write(`${JSON.stringify({ endpoint, username: "ANDON_TECH", password: "made-up-for-tests", orders: ORDERS })}\n`);
});

module.exports = cds.server;
