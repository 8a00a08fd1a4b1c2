{{ clock_of('restaurant') }}
