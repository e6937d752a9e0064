//! Transport, SAP over OData V2, MES over Plant REST v1, SQL sources, models.
