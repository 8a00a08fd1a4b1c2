{{ clock_of('erp') }}
