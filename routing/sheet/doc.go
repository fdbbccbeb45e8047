// Package sheet knows the sheets of investment projects (« fiches projets ») that the Region sends to territories: what is
// sought, what each territory offers, how the offers compare, who never answers. It is made of pure functions and of what its
// driver must keep; it reads no clock. It may import routing, routing/convention for days, and routing/ledger for who may see
// and for the outbox.
package sheet
