// Package figures counts what happens in a bank for people who may see counts and
// nobody's name: the service-user co-chair, and the operator of the platform.
//
// It only reads. A number of people or things under five is hidden, because in a
// small community it points at somebody; hours stand beside the number of people
// they are made of, and are hidden with it.
package figures
