// Package knowledgetest holds the suite that every knowledge.Store passes. It may import knowledge; imported by tests only.
package knowledgetest
