//! The entity sets we serve, with their real property names, types and navigations, and the service's `$metadata`.
//! A subset of what SAP ships: sets and properties that nobody fills here are not announced.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::edm::{Edm, EdmType};

/// One property of an entity type.
#[derive(Debug)]
pub(crate) struct Property {
    pub(crate) name: &'static str,
    pub(crate) edm_type: EdmType,
    pub(crate) is_key: bool,
}

/// A link from one entity to others, followed by equal values of the joined properties.
#[derive(Debug)]
pub(crate) struct Navigation {
    pub(crate) name: &'static str,
    pub(crate) target: SetId,
    pub(crate) is_many: bool,
    pub(crate) join: &'static [(&'static str, &'static str)],
}

/// An entity set and its type.
#[derive(Debug)]
pub(crate) struct EntitySet {
    pub(crate) id: SetId,
    pub(crate) name: &'static str,
    pub(crate) properties: &'static [Property],
    pub(crate) navigations: &'static [Navigation],
}

/// The sets of the two services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SetId {
    PurchaseOrder,
    PurchaseOrderItem,
    ScheduleLine,
    StockBucket,
    MaterialStock,
}

/// A service: a name and its sets.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) name: &'static str,
    pub(crate) sets: &'static [SetId],
}

pub(crate) static SERVICES: &[Service] = &[
    Service {
        name: "API_PURCHASEORDER_PROCESS_SRV",
        sets: &[
            SetId::PurchaseOrder,
            SetId::PurchaseOrderItem,
            SetId::ScheduleLine,
        ],
    },
    Service {
        name: "API_MATERIAL_STOCK_SRV",
        sets: &[SetId::MaterialStock, SetId::StockBucket],
    },
];

impl Service {
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        SERVICES.iter().find(|service| service.name == name)
    }

    pub(crate) fn set_named(&self, name: &str) -> Option<&'static EntitySet> {
        self.sets.iter().map(|id| id.set()).find(|set| set.name == name)
    }
}

impl SetId {
    pub(crate) fn set(self) -> &'static EntitySet {
        match self {
            Self::PurchaseOrder => &PURCHASE_ORDER,
            Self::PurchaseOrderItem => &PURCHASE_ORDER_ITEM,
            Self::ScheduleLine => &SCHEDULE_LINE,
            Self::StockBucket => &STOCK_BUCKET,
            Self::MaterialStock => &MATERIAL_STOCK,
        }
    }
}

impl EntitySet {
    pub(crate) fn property(&self, name: &str) -> Option<&'static Property> {
        self.properties.iter().find(|property| property.name == name)
    }

    pub(crate) fn navigation(&self, name: &str) -> Option<&'static Navigation> {
        self.navigations.iter().find(|navigation| navigation.name == name)
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &'static Property> + use<> {
        self.properties.iter().filter(|property| property.is_key)
    }

    pub(crate) fn type_name(&self) -> String {
        format!("{}Type", self.name)
    }
}

/// One entity: only what was filled; the rest reads as SAP's initial value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Row(BTreeMap<&'static str, Edm>);

impl Row {
    pub(crate) fn with(mut self, name: &'static str, value: Edm) -> Self {
        self.0.insert(name, value);
        self
    }

    pub(crate) fn set(&mut self, name: &'static str, value: Edm) {
        self.0.insert(name, value);
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", Edm::as_text)
    }

    pub(crate) fn get(&self, property: &Property) -> Edm {
        self.0
            .get(property.name)
            .cloned()
            .unwrap_or_else(|| Edm::initial(property.edm_type))
    }

    pub(crate) fn raw(&self, name: &str) -> Option<&Edm> {
        self.0.get(name)
    }

    /// The key predicate as SAP writes it: `'4500000001'`, or `A='1',B='2'` for several keys.
    pub(crate) fn key_predicate(&self, set: &EntitySet) -> String {
        let keys: Vec<&Property> = set.keys().collect();
        let quoted = |property: &Property| format!("'{}'", self.text(property.name).replace('\'', "''"));
        match keys.as_slice() {
            [only] => quoted(only),
            several => {
                let parts: Vec<String> = several
                    .iter()
                    .map(|property| format!("{}={}", property.name, quoted(property)))
                    .collect();
                parts.join(",")
            }
        }
    }
}

const fn key(name: &'static str, length: u16) -> Property {
    Property {
        name,
        edm_type: EdmType::String(length),
        is_key: true,
    }
}
const fn string(name: &'static str, length: u16) -> Property {
    Property {
        name,
        edm_type: EdmType::String(length),
        is_key: false,
    }
}
const fn flag(name: &'static str) -> Property {
    Property {
        name,
        edm_type: EdmType::Boolean,
        is_key: false,
    }
}
const fn decimal(name: &'static str, precision: u8, scale: u8) -> Property {
    Property {
        name,
        edm_type: EdmType::Decimal(precision, scale),
        is_key: false,
    }
}
const fn date(name: &'static str) -> Property {
    Property {
        name,
        edm_type: EdmType::DateTime,
        is_key: false,
    }
}

static PURCHASE_ORDER: EntitySet = EntitySet {
    id: SetId::PurchaseOrder,
    name: "A_PurchaseOrder",
    properties: &[
        key("PurchaseOrder", 10),
        string("CompanyCode", 4),
        string("PurchaseOrderType", 4),
        string("PurchasingDocumentDeletionCode", 1),
        string("PurchasingProcessingStatus", 2),
        string("CreatedByUser", 12),
        date("CreationDate"),
        Property {
            name: "LastChangeDateTime",
            edm_type: EdmType::DateTimeOffset,
            is_key: false,
        },
        string("Supplier", 10),
        string("Language", 2),
        string("PaymentTerms", 4),
        decimal("NetPaymentDays", 3, 0),
        string("PurchasingOrganization", 4),
        string("PurchasingGroup", 3),
        date("PurchaseOrderDate"),
        string("DocumentCurrency", 5),
        string("ExchangeRate", 12),
        date("ValidityStartDate"),
        date("ValidityEndDate"),
        string("IncotermsClassification", 3),
        string("CorrespncExternalReference", 12),
        string("CorrespncInternalReference", 12),
        flag("ReleaseIsNotCompleted"),
        flag("PurchasingCompletenessStatus"),
    ],
    navigations: &[Navigation {
        name: "to_PurchaseOrderItem",
        target: SetId::PurchaseOrderItem,
        is_many: true,
        join: &[("PurchaseOrder", "PurchaseOrder")],
    }],
};

static PURCHASE_ORDER_ITEM: EntitySet = EntitySet {
    id: SetId::PurchaseOrderItem,
    name: "A_PurchaseOrderItem",
    properties: &[
        key("PurchaseOrder", 10),
        key("PurchaseOrderItem", 5),
        string("PurchasingDocumentDeletionCode", 1),
        string("PurchaseOrderItemText", 40),
        string("Plant", 4),
        string("StorageLocation", 4),
        string("MaterialGroup", 9),
        string("Material", 40),
        decimal("OrderQuantity", 13, 3),
        string("PurchaseOrderQuantityUnit", 3),
        string("OrderPriceUnit", 3),
        decimal("OrderPriceUnitToOrderUnitNmrtr", 5, 0),
        decimal("OrdPriceUnitToOrderUnitDnmntr", 5, 0),
        string("DocumentCurrency", 5),
        decimal("NetPriceAmount", 12, 3),
        decimal("NetPriceQuantity", 5, 0),
        string("TaxCode", 2),
        flag("IsCompletelyDelivered"),
        flag("IsFinallyInvoiced"),
        flag("GoodsReceiptIsExpected"),
        flag("InvoiceIsExpected"),
        flag("IsReturnsItem"),
        flag("PurchasingItemIsFreeOfCharge"),
        string("AccountAssignmentCategory", 1),
        string("PurchaseOrderItemCategory", 1),
        string("PurchaseRequisition", 10),
        string("PurchaseContract", 10),
    ],
    navigations: &[
        Navigation {
            name: "to_PurchaseOrder",
            target: SetId::PurchaseOrder,
            is_many: false,
            join: &[("PurchaseOrder", "PurchaseOrder")],
        },
        Navigation {
            name: "to_ScheduleLine",
            target: SetId::ScheduleLine,
            is_many: true,
            join: &[
                ("PurchaseOrder", "PurchasingDocument"),
                ("PurchaseOrderItem", "PurchasingDocumentItem"),
            ],
        },
    ],
};

static SCHEDULE_LINE: EntitySet = EntitySet {
    id: SetId::ScheduleLine,
    name: "A_PurchaseOrderScheduleLine",
    properties: &[
        key("PurchasingDocument", 10),
        key("PurchasingDocumentItem", 5),
        key("ScheduleLine", 4),
        date("ScheduleLineDeliveryDate"),
        Property {
            name: "ScheduleLineDeliveryTime",
            edm_type: EdmType::Time,
            is_key: false,
        },
        decimal("ScheduleLineOrderQuantity", 13, 3),
        decimal("ScheduleLineCommittedQuantity", 13, 3),
        string("PurchaseOrderQuantityUnit", 3),
    ],
    navigations: &[],
};

static STOCK_BUCKET: EntitySet = EntitySet {
    id: SetId::StockBucket,
    name: "A_MatlStkInAcctMod",
    properties: &[
        key("Material", 40),
        key("Plant", 4),
        key("StorageLocation", 4),
        key("Batch", 10),
        key("Supplier", 10),
        key("Customer", 10),
        key("WBSElementInternalID", 8),
        key("SDDocument", 10),
        key("SDDocumentItem", 6),
        key("InventorySpecialStockType", 1),
        key("InventoryStockType", 2),
        string("WBSElementExternalID", 24),
        string("MaterialBaseUnit", 3),
        decimal("MatlWrhsStkQtyInMatlBaseUnit", 31, 14),
    ],
    navigations: &[Navigation {
        name: "to_MaterialStock",
        target: SetId::MaterialStock,
        is_many: false,
        join: &[("Material", "Material")],
    }],
};

static MATERIAL_STOCK: EntitySet = EntitySet {
    id: SetId::MaterialStock,
    name: "A_MaterialStock",
    properties: &[key("Material", 40), string("MaterialBaseUnit", 3)],
    navigations: &[Navigation {
        name: "to_MatlStkInAcctMod",
        target: SetId::StockBucket,
        is_many: true,
        join: &[("Material", "Material")],
    }],
};

/// The service's EDMX document.
pub(crate) fn metadata(service: &Service) -> String {
    let namespace = service.name;
    let (mut types, mut associations) = (String::new(), String::new());
    let (mut sets, mut association_sets) = (String::new(), String::new());
    for set in service.sets.iter().map(|id| id.set()) {
        entity_type(&mut types, set, namespace);
        let read_only = if set.id == SetId::PurchaseOrder {
            "true"
        } else {
            "false"
        };
        _ = write!(
            sets,
            "<EntitySet Name=\"{}\" EntityType=\"{namespace}.{}\" sap:creatable=\"{read_only}\" \
             sap:updatable=\"false\" sap:deletable=\"false\" sap:content-version=\"1\"/>",
            set.name,
            set.type_name()
        );
        for navigation in set.navigations {
            let target = navigation.target.set();
            let name = association_name(set, navigation);
            let many = if navigation.is_many { "*" } else { "1" };
            _ = write!(
                associations,
                "<Association Name=\"{name}\" sap:content-version=\"1\"><End Type=\"{namespace}.{}\" \
                 Multiplicity=\"1\" Role=\"FromRole_{name}\"/><End Type=\"{namespace}.{}\" \
                 Multiplicity=\"{many}\" Role=\"ToRole_{name}\"/></Association>",
                set.type_name(),
                target.type_name()
            );
            _ = write!(
                association_sets,
                "<AssociationSet Name=\"{name}Set\" Association=\"{namespace}.{name}\"><End EntitySet=\"{}\" \
                 Role=\"FromRole_{name}\"/><End EntitySet=\"{}\" Role=\"ToRole_{name}\"/></AssociationSet>",
                set.name, target.name
            );
        }
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><edmx:Edmx Version=\"1.0\" \
         xmlns:edmx=\"http://schemas.microsoft.com/ado/2007/06/edmx\" \
         xmlns:m=\"http://schemas.microsoft.com/ado/2007/08/dataservices/metadata\" \
         xmlns:sap=\"http://www.sap.com/Protocols/SAPData\"><edmx:DataServices m:DataServiceVersion=\"2.0\">\
         <Schema Namespace=\"{namespace}\" xml:lang=\"en\" sap:schema-version=\"1\" \
         xmlns=\"http://schemas.microsoft.com/ado/2008/09/edm\">{types}{associations}\
         <EntityContainer Name=\"{namespace}_Entities\" m:IsDefaultEntityContainer=\"true\" \
         sap:supported-formats=\"json\">{sets}{association_sets}</EntityContainer></Schema>\
         </edmx:DataServices></edmx:Edmx>"
    )
}

fn association_name(set: &EntitySet, navigation: &Navigation) -> String {
    format!("assoc_{}_{}", set.name, navigation.name)
}

fn entity_type(out: &mut String, set: &EntitySet, namespace: &str) {
    _ = write!(
        out,
        "<EntityType Name=\"{}\" sap:content-version=\"1\"><Key>",
        set.type_name()
    );
    for property in set.keys() {
        _ = write!(out, "<PropertyRef Name=\"{}\"/>", property.name);
    }
    out.push_str("</Key>");
    for property in set.properties {
        let facets = match property.edm_type {
            EdmType::String(length) => format!("Type=\"Edm.String\" MaxLength=\"{length}\""),
            EdmType::Boolean => "Type=\"Edm.Boolean\"".to_owned(),
            EdmType::Decimal(precision, scale) => {
                format!("Type=\"Edm.Decimal\" Precision=\"{precision}\" Scale=\"{scale}\"")
            }
            EdmType::DateTime => {
                "Type=\"Edm.DateTime\" Precision=\"0\" sap:display-format=\"Date\"".to_owned()
            }
            EdmType::DateTimeOffset => "Type=\"Edm.DateTimeOffset\" Precision=\"7\"".to_owned(),
            EdmType::Time => "Type=\"Edm.Time\" Precision=\"0\"".to_owned(),
        };
        let nullable = if property.is_key {
            " Nullable=\"false\""
        } else {
            ""
        };
        _ = write!(out, "<Property Name=\"{}\" {facets}{nullable}/>", property.name);
    }
    for navigation in set.navigations {
        let name = association_name(set, navigation);
        _ = write!(
            out,
            "<NavigationProperty Name=\"{}\" Relationship=\"{namespace}.{name}\" FromRole=\"FromRole_{name}\" \
             ToRole=\"ToRole_{name}\"/>",
            navigation.name
        );
    }
    out.push_str("</EntityType>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_announces_types_and_navigations() {
        let service = Service::named("API_PURCHASEORDER_PROCESS_SRV").expect("a known service");
        let document = metadata(service);
        for wanted in [
            "EntitySet Name=\"A_PurchaseOrder\" EntityType=\"API_PURCHASEORDER_PROCESS_SRV.A_PurchaseOrderType\"",
            "<Property Name=\"NetPriceQuantity\" Type=\"Edm.Decimal\" Precision=\"5\" Scale=\"0\"/>",
            "<Property Name=\"LastChangeDateTime\" Type=\"Edm.DateTimeOffset\" Precision=\"7\"/>",
            "NavigationProperty Name=\"to_PurchaseOrderItem\"",
        ] {
            assert!(document.contains(wanted), "missing: {wanted}");
        }
        assert_eq!(
            SetId::StockBucket.set().keys().count(),
            11,
            "the stock set has eleven keys"
        );
    }

    #[test]
    fn a_key_with_several_parts_is_named() {
        let row = Row::default()
            .with("PurchaseOrder", Edm::text("4500000001"))
            .with("PurchaseOrderItem", Edm::text("00010"));
        assert_eq!(
            row.key_predicate(SetId::PurchaseOrderItem.set()),
            "PurchaseOrder='4500000001',PurchaseOrderItem='00010'"
        );
        assert_eq!(row.key_predicate(SetId::PurchaseOrder.set()), "'4500000001'");
    }
}
