"""The agent: applies releases on the mail node and reports outcomes (docs/agent.md).

It runs on the distribution's Python with the standard library alone, so that nothing that a release or
the control plane's environment changes can keep it from putting the last good release back.
"""
