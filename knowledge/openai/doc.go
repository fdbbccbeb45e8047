// Package openai makes vectors of meaning with any server that speaks OpenAI's language. It may import knowledge.
package openai
