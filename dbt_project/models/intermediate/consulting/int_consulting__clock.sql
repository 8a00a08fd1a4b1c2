{{ clock_of('consulting') }}
