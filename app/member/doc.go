// Package member owns membership of a bank: who takes part, how to reach them,
// what makes meeting easier, and their place in the trust stages.
//
// A person has at most one membership of a bank. Nobody needs an e-mail address
// or a phone. A membership never ends because nothing happened. Each member has
// one account in the hour ledger, opened with the membership; its hard floor lets
// somebody newly referred be helped first.
//
// A member may let others act for them: a carer within limits, or the people of
// an organisation, which is a member too. Such a standing names who agreed and how,
// and the member ends it at any time.
package member
