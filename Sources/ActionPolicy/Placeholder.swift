// ActionPolicy
