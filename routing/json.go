package routing

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// UnmarshalJSON reads a fact back with the types that the rules know: a whole number is an int64, not a float64.
func (f *Fact) UnmarshalJSON(data []byte) error {
	type plain Fact
	if err := unmarshal(data, (*plain)(f)); err != nil {
		return err
	}
	return whole(&f.Value)
}

// UnmarshalJSON reads an alternative back with the types that the rules know.
func (a *Alternative) UnmarshalJSON(data []byte) error {
	type plain Alternative
	if err := unmarshal(data, (*plain)(a)); err != nil {
		return err
	}
	return whole(&a.Value)
}

func unmarshal(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	return decoder.Decode(into)
}

func whole(value *any) error {
	number, ok := (*value).(json.Number)
	if !ok {
		return nil
	}
	n, err := number.Int64()
	if err != nil {
		return fmt.Errorf("valeur %s : un fait est un nombre entier", number)
	}
	*value = n
	return nil
}
