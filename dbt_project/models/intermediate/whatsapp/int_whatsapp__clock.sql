{{ clock_of('whatsapp') }}
