"""How GitHub's REST API shows what the simulator knows."""
