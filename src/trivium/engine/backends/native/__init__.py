"""The native backend: a whole program becomes one LLVM module with static shapes."""
