using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Migrations.Operations;

namespace ChunkSync.EntityFrameworkCore;

/// <summary>A command, and the operation that it comes from; null where that is not known.</summary>
internal sealed record PlannedCommand(MigrationCommand Command, MigrationOperation? Operation);
