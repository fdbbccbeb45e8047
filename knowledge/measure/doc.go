// Package measure tells how good the base is: a labelled collection (BEIR) gives nDCG, MRR and recall; labelled questions
// give the answers found and the refusals that were right. It may import knowledge.
package measure
