global using Microsoft.Data.Sqlite;
global using Xunit;
