-- After the installation's key was changed the shared secrets of token keys are sealed anew.

GRANT UPDATE (material) ON identity.token_key TO plaudit_runtime;
