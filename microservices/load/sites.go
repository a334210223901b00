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

// Register makes the sites in the service config, those that are not there yet, and
// waits until the collector knows them.
func Register(ctx context.Context, config, collector string, domains []string) error {
	account := ""
	for _, domain := range domains {
		known := func() bool {
			var nothing struct{}
			return getOnce(ctx, collector+"/sites/"+domain, &nothing) == nil
		}
		if known() {
			continue
		}
		if account == "" {
			var err error
			if account, err = create(ctx, config+"/accounts", map[string]string{"name": "Load", "plan": "team"}); err != nil {
				return err
			}
		}
		if _, err := create(ctx, config+account+"/sites", map[string]string{"domain": domain, "name": "Load", "status": "active"}); err != nil {
			return err
		}
		for !known() {
			select {
			case <-ctx.Done():
				return fmt.Errorf("the collector does not know the site %s: %w", domain, context.Cause(ctx))
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
