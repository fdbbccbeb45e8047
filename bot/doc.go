// Package bot talks: one message comes in from a channel, one reply goes out, and the desk between them is the only way
// in. It decides nothing itself: knowledge answers, routing decides, the ledger remembers, the channels show.
// It may import knowledge, routing and routing/ledger, never a driver and never a platform.
package bot
