package oci

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// config is what is read of an image's configuration.
type config struct {
	Config struct {
		Env        []string
		Cmd        []string
		Entrypoint []string
		Labels     map[string]string
	} `json:"config"`
	History []struct {
		CreatedBy string `json:"created_by"`
		Empty     bool   `json:"empty_layer"`
	} `json:"history"`
}

func (im *Image) config() (c config) {
	if json.Unmarshal(im.Config, &c) != nil {
		return config{} // it is searched as a text
	}
	return c
}

// Field is a text of an image's configuration.
type Field struct{ Name, Text string }

// Fields returns the texts of the configuration, in a stable order.
func (im *Image) Fields() (list []Field) {
	c := im.config()
	for _, e := range c.Config.Env {
		name, _, _ := strings.Cut(e, "=")
		list = append(list, Field{"ENV " + name, e})
	}
	list = append(list, Field{"CMD", strings.Join(c.Config.Cmd, " ")}, Field{"ENTRYPOINT", strings.Join(c.Config.Entrypoint, " ")})
	for _, key := range slices.Sorted(maps.Keys(c.Config.Labels)) {
		list = append(list, Field{"LABEL " + key, key + "=" + c.Config.Labels[key]})
	}
	for i, h := range c.History {
		list = append(list, Field{fmt.Sprintf("history %d", i+1), h.CreatedBy})
	}
	return list
}

// MadeBy returns the instruction of each layer, from the lowest on. It is nothing if
// the history does not fit the layers.
func (im *Image) MadeBy() (list []string) {
	for _, h := range im.config().History {
		if !h.Empty {
			list = append(list, strings.TrimSpace(h.CreatedBy))
		}
	}
	if len(list) != len(im.Layers) {
		return nil
	}
	return list
}
