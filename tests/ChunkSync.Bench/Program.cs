using ChunkSync.Bench;
using ChunkSync.Bench.Report;
using ChunkSync.Bench.Worker;

if (args.Length == 2 && args[0] == "--worker")
{
    return WorkerLoop.Run(args[1].Length == 0 ? null : args[1]);
}

try
{
    Options options = Options.Parse(args);
    if (options.Merged.Count > 0)
    {
        ResultWriter.Write(options, ResultReader.Merge(options));
        return 0;
    }

    using Runner runner = new(options);
    ResultWriter.Write(options, runner.Run());
    return 0;
}
catch (ArgumentException wrong)
{
    Console.Error.WriteLine(wrong.Message);
    return 2;
}
