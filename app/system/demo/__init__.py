"""The invented city of 青岚: units, people, accounts on the simulator, posts in every state, a lively inbox."""
