// Package openai makes vectors of meaning, and words answers, with any server that speaks OpenAI's language. It may import
// knowledge.
package openai
