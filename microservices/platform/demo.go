package platform

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// demo makes an account with a site, if there is no account, and waits until the
// collector and the aggregator know it.
func demo(ctx context.Context, config, collector, aggregator string) error {
	response, err := request(ctx, http.MethodGet, config+"/accounts?limit=1", "", nil)
	if err != nil {
		return err
	}
	var accounts struct {
		Items []json.RawMessage `json:"items"`
	}
	if err := json.NewDecoder(response.Body).Decode(&accounts); err != nil || response.StatusCode != http.StatusOK {
		return fmt.Errorf("the accounts: status %d, %w", response.StatusCode, err)
	}
	if len(accounts.Items) > 0 {
		return nil
	}
	account, err := create(ctx, config+"/accounts", `{"name":"Demo","plan":"free"}`)
	if err != nil {
		return err
	}
	if _, err = create(ctx, config+account+"/sites", `{"domain":"`+DemoSite+`","name":"Demo","status":"active"}`); err != nil {
		return err
	}
	if err := poll(ctx, http.MethodGet, collector+"/sites/"+DemoSite, "", succeeded); err != nil {
		return err
	}
	return poll(ctx, http.MethodGet, aggregator+"/sites/"+DemoSite+"/hours", "", succeeded)
}

// create posts a document and returns its path.
func create(ctx context.Context, url, body string) (string, error) {
	response, err := request(ctx, http.MethodPost, url, "", []byte(body))
	if err != nil {
		return "", err
	}
	if response.StatusCode != http.StatusCreated {
		text, _ := io.ReadAll(response.Body)
		return "", fmt.Errorf("%s: status %d: %s", url, response.StatusCode, text)
	}
	return response.Header.Get("Location"), nil
}
