// SAP's services under their real names, as far as Andon's reads and its one write use them. Fields, keys and lengths are
// those of SAP's own EDMX; the names of the plan service are unverified. The rows are made up in server.js.

@path: 'API_PURCHASEORDER_PROCESS_SRV'
service API_PURCHASEORDER_PROCESS_SRV {
  entity A_PurchaseOrder {
    key PurchaseOrder                  : String(10);
        CompanyCode                    : String(4);
        PurchaseOrderType              : String(4);
        Supplier                       : String(10);
        PurchasingOrganization         : String(4);
        PurchasingGroup                : String(3);
        DocumentCurrency               : String(5);
        PaymentTerms                   : String(4);
        PurchaseOrderDate              : Date;
        CreationDate                   : Date;
        LastChangeDateTime             : Timestamp;
        PurchasingProcessingStatus     : String(2);
        PurchasingCompletenessStatus   : Boolean;
        ReleaseIsNotCompleted          : Boolean;
        PurchasingDocumentDeletionCode : String(1);
        CorrespncExternalReference     : String(12);
        CorrespncInternalReference     : String(12);
        CreatedByUser                  : String(12);
        to_PurchaseOrderItem           : Composition of many A_PurchaseOrderItem
                                           on to_PurchaseOrderItem.PurchaseOrder = PurchaseOrder;
  }

  entity A_PurchaseOrderItem {
    key PurchaseOrder                  : String(10);
    key PurchaseOrderItem              : String(5);
        PurchaseOrderItemText          : String(40);
        Material                       : String(40);
        Plant                          : String(4);
        StorageLocation                : String(4);
        MaterialGroup                  : String(9);
        OrderQuantity                  : Decimal(13, 3);
        PurchaseOrderQuantityUnit      : String(3);
        OrderPriceUnit                 : String(3);
        OrderPriceUnitToOrderUnitNmrtr : Decimal(5, 0);
        OrdPriceUnitToOrderUnitDnmntr  : Decimal(5, 0);
        NetPriceAmount                 : Decimal(12, 3);
        NetPriceQuantity               : Decimal(5, 0);
        DocumentCurrency               : String(5);
        PurchasingDocumentDeletionCode : String(1);
        PurchasingItemIsFreeOfCharge   : Boolean;
        IsCompletelyDelivered          : Boolean;
        IsFinallyInvoiced              : Boolean;
        to_ScheduleLine                : Composition of many A_PurchaseOrderScheduleLine
                                           on  to_ScheduleLine.PurchasingDocument     = PurchaseOrder
                                           and to_ScheduleLine.PurchasingDocumentItem = PurchaseOrderItem;
  }

  // Other key names than the parent's, as in SAP.
  entity A_PurchaseOrderScheduleLine {
    key PurchasingDocument        : String(10);
    key PurchasingDocumentItem    : String(5);
    key ScheduleLine              : String(4);
        ScheduleLineDeliveryDate  : Date;
        ScheduleLineOrderQuantity : Decimal(13, 3);
  }
}

@path: 'API_MATERIAL_STOCK_SRV'
service API_MATERIAL_STOCK_SRV {
  @readonly
  entity A_MatlStkInAcctMod {
    key Material                     : String(40);
    key Plant                        : String(4);
    key StorageLocation              : String(4);
    key Batch                        : String(10);
    key Supplier                     : String(10);
    key Customer                     : String(10);
    key WBSElementInternalID         : String(8);
    key SDDocument                   : String(10);
    key SDDocumentItem               : String(6);
    key InventorySpecialStockType    : String(1);
    key InventoryStockType           : String(2);
        MaterialBaseUnit             : String(3);
        MatlWrhsStkQtyInMatlBaseUnit : Decimal(31, 14);
  }
}

@path: 'API_PRODUCT_SRV'
service API_PRODUCT_SRV {
  @readonly
  entity A_Product {
    key Product                   : String(40);
        ProductType               : String(4);
        BaseUnit                  : String(3);
        ProductGroup              : String(9);
        GrossWeight               : Decimal(13, 3);
        NetWeight                 : Decimal(13, 3);
        WeightUnit                : String(3);
        CrossPlantStatus          : String(2);
        IsMarkedForDeletion       : Boolean;
        IsBatchManagementRequired : Boolean;
        ProductStandardID         : String(18);
        LastChangeDateTime        : Timestamp;
        to_Description            : Composition of many A_ProductDescription
                                      on to_Description.Product = Product;
        to_Plant                  : Composition of many A_ProductPlant
                                      on to_Plant.Product = Product;
        to_Valuation              : Composition of many A_ProductValuation
                                      on to_Valuation.Product = Product;
  }

  @readonly
  entity A_ProductDescription {
    key Product            : String(40);
    key Language           : String(2);
        ProductDescription : String(40);
  }

  @readonly
  entity A_ProductPlant {
    key Product         : String(40);
    key Plant           : String(4);
        MRPType         : String(2);
        ABCIndicator    : String(1);
        PurchasingGroup : String(3);
  }

  @readonly
  entity A_ProductValuation {
    key Product                     : String(40);
    key ValuationArea               : String(4);
    key ValuationType               : String(10);
        StandardPrice               : Decimal(12, 3);
        MovingAveragePrice          : Decimal(12, 3);
        PriceUnitQty                : Decimal(5, 0);
        InventoryValuationProcedure : String(1);
        Currency                    : String(5);
        BaseUnit                    : String(3);
        ValuationClass              : String(4);
  }
}

@path: 'API_COSTCENTER_SRV'
service API_COSTCENTER_SRV {
  @readonly
  entity A_CostCenter {
    key ControllingArea              : String(4);
    key CostCenter                   : String(10);
    key ValidityEndDate              : Date;
        ValidityStartDate            : Date;
        CompanyCode                  : String(4);
        Department                   : String(12);
        CostCtrResponsiblePersonName : String(20);
        CostCtrResponsibleUser       : String(12);
        CostCenterCurrency           : String(5);
        ProfitCenter                 : String(10);
        CostCenterCategory           : String(1);
        IsBlkdForPrimaryCostsPosting : String(1);
        to_Text                      : Composition of many A_CostCenterText
                                         on  to_Text.CostCenter      = CostCenter
                                         and to_Text.ControllingArea = ControllingArea
                                         and to_Text.ValidityEndDate = ValidityEndDate;
  }

  @readonly
  entity A_CostCenterText {
    key CostCenter            : String(10);
    key ControllingArea       : String(4);
    key Language              : String(2);
    key ValidityEndDate       : Date;
        CostCenterName        : String(20);
        CostCenterDescription : String(40);
  }
}

@path: 'API_FINPLANNINGENTRYITEM_SRV'
service API_FINPLANNINGENTRYITEM_SRV {
  @readonly
  entity A_FinPlanningEntryItem {
    key ID                          : String(40);
        CompanyCode                 : String(4);
        Ledger                      : String(2);
        LedgerFiscalYear            : String(4);
        FiscalPeriod                : String(3);
        PlanningCategory            : String(10);
        CostCenter                  : String(10);
        ControllingArea             : String(4);
        AmountInCompanyCodeCurrency : Decimal(24, 3);
        CompanyCodeCurrency         : String(5);
  }
}

@path: 'API_JOURNALENTRYITEMBASIC_SRV'
service API_JOURNALENTRYITEMBASIC_SRV {
  @readonly
  entity A_JournalEntryItemBasic {
    key ID                          : String(40);
        Ledger                      : String(2);
        LedgerFiscalYear            : String(4);
        FiscalYearPeriod            : String(8);
        GLAccount                   : String(10);
        CostCenter                  : String(10);
        ControllingArea             : String(4);
        CompanyCode                 : String(4);
        CompanyCodeCurrency         : String(5);
        AmountInCompanyCodeCurrency : Decimal(24, 3);
  }
}
