// Package web is the web channel: a chat page for the public, a staff view of the ledger, and what an operator looks at.
// Pages are rendered on the server and work without JavaScript; a small script streams the replies when it runs. The chat
// page keeps to the public audience whatever is sent to it. It may import bot, knowledge, routing,
// routing/funding and routing/ledger.
package web
