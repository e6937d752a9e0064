//! The services and entity sets we serve, with SAP's property names, types and navigations. The sets themselves lie in
//! one file per area; a subset of what SAP ships: sets and properties that nobody fills here are not announced.

mod controlling;
mod metadata;
mod products;
mod purchasing;
mod row;
mod stock;

pub(crate) use metadata::metadata;
pub(crate) use row::{Record, Row};

use super::edm::EdmType;

/// One property of an entity type.
#[derive(Debug)]
pub(crate) struct Property {
    pub(crate) name: &'static str,
    pub(crate) edm_type: EdmType,
    pub(crate) is_key: bool,
    /// Whether `$filter` may name it.
    pub(crate) is_filterable: bool,
    /// Whether `$orderby` may name it.
    pub(crate) is_sortable: bool,
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

/// The sets of all services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SetId {
    PurchaseOrder,
    PurchaseOrderItem,
    ScheduleLine,
    AccountAssignment,
    StockBucket,
    MaterialStock,
    Product,
    ProductDescription,
    ProductPlant,
    ProductValuation,
    CostCenter,
    CostCenterText,
    PlanItem,
    JournalItem,
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
            SetId::AccountAssignment,
        ],
    },
    Service {
        name: "API_MATERIAL_STOCK_SRV",
        sets: &[SetId::MaterialStock, SetId::StockBucket],
    },
    Service {
        name: "API_PRODUCT_SRV",
        sets: &[
            SetId::Product,
            SetId::ProductDescription,
            SetId::ProductPlant,
            SetId::ProductValuation,
        ],
    },
    Service {
        name: "API_COSTCENTER_SRV",
        sets: &[SetId::CostCenter, SetId::CostCenterText],
    },
    // Names unverified: no published description of this service's entity was found.
    Service {
        name: "API_FINPLANNINGENTRYITEM_SRV",
        sets: &[SetId::PlanItem],
    },
    Service {
        name: "API_JOURNALENTRYITEMBASIC_SRV",
        sets: &[SetId::JournalItem],
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
            Self::PurchaseOrder => &purchasing::ORDER,
            Self::PurchaseOrderItem => &purchasing::ITEM,
            Self::ScheduleLine => &purchasing::SCHEDULE_LINE,
            Self::AccountAssignment => &purchasing::ACCOUNT_ASSIGNMENT,
            Self::StockBucket => &stock::BUCKET,
            Self::MaterialStock => &stock::MATERIAL,
            Self::Product => &products::PRODUCT,
            Self::ProductDescription => &products::DESCRIPTION,
            Self::ProductPlant => &products::PLANT,
            Self::ProductValuation => &products::VALUATION,
            Self::CostCenter => &controlling::COST_CENTER,
            Self::CostCenterText => &controlling::COST_CENTER_TEXT,
            Self::PlanItem => &controlling::PLAN_ITEM,
            Self::JournalItem => &controlling::JOURNAL_ITEM,
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

impl Property {
    const fn new(name: &'static str, edm_type: EdmType) -> Self {
        Self {
            name,
            edm_type,
            is_key: false,
            is_filterable: true,
            is_sortable: true,
        }
    }

    const fn key(mut self) -> Self {
        self.is_key = true;
        self
    }

    const fn not_filterable(mut self) -> Self {
        self.is_filterable = false;
        self
    }

    const fn not_sortable(mut self) -> Self {
        self.is_sortable = false;
        self
    }
}

const fn key(name: &'static str, length: u16) -> Property {
    string(name, length).key()
}
const fn string(name: &'static str, length: u16) -> Property {
    Property::new(name, EdmType::String(length))
}
const fn flag(name: &'static str) -> Property {
    Property::new(name, EdmType::Boolean)
}
const fn decimal(name: &'static str, precision: u8, scale: u8) -> Property {
    Property::new(name, EdmType::Decimal(precision, scale))
}
const fn date(name: &'static str) -> Property {
    Property::new(name, EdmType::DateTime)
}
const fn instant(name: &'static str) -> Property {
    Property::new(name, EdmType::DateTimeOffset)
}
const fn time(name: &'static str) -> Property {
    Property::new(name, EdmType::Time)
}
