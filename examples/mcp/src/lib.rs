//! An MCP server and client on rmcp, rehearsed.
