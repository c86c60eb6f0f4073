// ActionPolicyTests
