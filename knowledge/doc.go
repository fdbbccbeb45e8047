// Package knowledge knows what the Region has published or written down: documents cut into passages, searched under the
// rights of the person who asks, answered from with verbatim quotes, or refused. It knows no channel, no rule and no SQL;
// it may import knowledge/french and libraries of its own field, and its drivers import it.
package knowledge
