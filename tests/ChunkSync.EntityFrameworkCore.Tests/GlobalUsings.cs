global using ChunkSync.Client;
global using Microsoft.EntityFrameworkCore;
global using Xunit;
