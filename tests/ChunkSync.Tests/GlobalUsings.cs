global using ChunkSync.Tests.Consistency;
global using Xunit;
