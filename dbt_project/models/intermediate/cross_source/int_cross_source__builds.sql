{{ config(materialized='view') }}

select
    source_system,
    relation_schema,
    relation_name,
    row_count,
    built_at
from {{ builds() }}
