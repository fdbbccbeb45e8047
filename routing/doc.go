// Package routing decides which direction leads a request: facts go in, a decision with its reasons comes out. It is made
// of pure functions over the Region's rules, so that a decision can be replayed; it reads no file, clock or database.
package routing
