// Package microservices asks what the notes say of microservices and of the platform
// that they describe, and answers with a platform that runs.
package microservices
