package load

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// registering is how long Register takes, at most.
const registering = 30 * time.Second

// Register makes the sites in the service config, those that are not there yet, and
// waits until the collector knows them. After half a minute it gives up.
func Register(ctx context.Context, config, collector string, domains []string) error {
	ctx, cancel := context.WithTimeout(ctx, registering)
	defer cancel()
	account := ""
	for _, domain := range domains {
		known := func() error {
			var nothing struct{}
			return getOnce(ctx, collector+"/sites/"+domain, &nothing)
		}
		if known() == nil {
			continue
		}
		if account == "" {
			var err error
			if account, err = create(ctx, config+"/accounts", map[string]string{"name": "Load", "plan": "team"}); err != nil {
				return fmt.Errorf("make an account: %w", err)
			}
		}
		if _, err := create(ctx, config+account+"/sites", map[string]string{"domain": domain, "name": "Load", "status": "active"}); err != nil {
			return fmt.Errorf("make the site %s: %w", domain, err)
		}
		for err := known(); err != nil; err = known() {
			select {
			case <-ctx.Done():
				return fmt.Errorf("wait until the collector knows the site %s: %w: %w", domain, context.Cause(ctx), err)
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
	return nil
}

// create posts a document and returns its path.
func create(ctx context.Context, url string, document map[string]string) (string, error) {
	body, err := json.Marshal(document)
	if err != nil {
		return "", err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusCreated {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 1<<10))
		return "", fmt.Errorf("%s: status %d: %s", url, response.StatusCode, text)
	}
	return response.Header.Get("Location"), nil
}
