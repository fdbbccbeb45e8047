// Package api is the HTTP API for other tools, version 1: the same questions, decisions and requests as everywhere, in JSON. A
// bearer token says what its holder may do and on whose behalf; a request that is made here is a message to the desk like any
// other. The API is described in openapi.yaml. It may import bot, knowledge and routing/ledger.
package api
