// Package funding knows what companies and operators ask for and hold: who pays how much, for which expense or project. It
// says which two fundings look like the same expense, and why, and adds up de minimis aid: a help for a person, who decides.
// It may import routing, routing/ledger and knowledge/french; its driver imports it.
package funding
