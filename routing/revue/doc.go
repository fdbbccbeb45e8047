// Package revue makes the documents of the Region's reviews of projects (« revues de projets », conduct rule 8): for an EPCI, or
// for a committee of the Region, what is open, late, answered since the last one, and when the next ones are held. It is made
// of pure functions and of what its driver must keep; it reads no clock. It may import routing, routing/convention for days,
// and routing/ledger.
package revue
