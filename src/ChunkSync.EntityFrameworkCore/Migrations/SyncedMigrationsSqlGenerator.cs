using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Migrations.Operations;

namespace ChunkSync.EntityFrameworkCore;

/// <summary>Writes the SQL of migrations: synced tables are altered between <c>cloudsync_begin_alter</c> and <c>cloudsync_commit_alter</c>, tracked when
/// they are created and released before they are dropped.</summary>
internal sealed class SyncedMigrationsSqlGenerator(MigrationsSqlGeneratorDependencies dependencies, IRelationalAnnotationProvider annotations)
    : SqliteMigrationsSqlGenerator(dependencies, annotations)
{
    private MigrationPlan? plan;

    /// <inheritdoc/>
    public override IReadOnlyList<MigrationCommand> Generate(
        IReadOnlyList<MigrationOperation> operations, IModel? model = null, MigrationsSqlGenerationOptions options = MigrationsSqlGenerationOptions.Default)
    {
        ArgumentNullException.ThrowIfNull(operations);
        SyncedTables tables = new(operations, model);
        if (tables.IsEmpty)
        {
            return base.Generate(operations, model, options);
        }

        tables.Check(operations);
        MigrationPlan written = new(tables, Command);
        MigrationPlan? outer = plan;
        plan = written;
        try
        {
            IReadOnlyList<MigrationCommand> commands = base.Generate([.. operations.Where(operation => !SyncedTables.IsToggle(operation))], model, options);
            return written.Complete(commands);
        }
        finally
        {
            plan = outer;
        }
    }

    /// <summary>Comes for every operation that is left when a rebuild has taken the place of those that SQLite does not know.</summary>
    protected override void Generate(MigrationOperation operation, IModel? model, MigrationCommandListBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        int first = builder.GetCommandList().Count;
        base.Generate(operation, model, builder);
        plan?.Add(operation, first, builder.GetCommandList().Count);
    }

    private MigrationCommand Command(string sql)
    {
        MigrationCommandListBuilder builder = new(Dependencies);
        builder.Append(sql).AppendLine(Dependencies.SqlGenerationHelper.StatementTerminator);
        builder.EndCommand();
        return builder.GetCommandList()[0];
    }
}
