{{ clock_of('shop') }}
