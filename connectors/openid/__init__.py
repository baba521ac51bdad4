"""OpenID Connect: asking an identity platform who somebody is. Authlib speaks the protocol, connectors.http does the asking."""
