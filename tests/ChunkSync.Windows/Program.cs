using System.Reflection;
using ChunkSync.Windows;
using Xunit.Abstractions;
using Xunit.Sdk;

// ChunkSync.Windows --list: the classes of the in-process tests. ChunkSync.Windows NAME...: runs classes, or single tests as CLASS.METHOD, in this
// process, without those of which the name is given with a - before it; for systems on which `dotnet test` does not run, such as wine. Prints what
// begins, ends and fails, then a line "N passed, N failed, N skipped". Exit code 0: some passed, none failed.
Assembly tests = typeof(ChunkSync.Tests.Host.Seed).Assembly;
IEnumerable<Type> classes = tests.GetTypes()
    .Where(type => type.GetMethods().Any(method => method.CustomAttributes.Any(attribute => attribute.AttributeType.IsAssignableTo(typeof(Xunit.FactAttribute)))));
if (args is ["--list"])
{
    foreach (Type type in classes.OrderBy(type => type.FullName, StringComparer.Ordinal))
    {
        Console.WriteLine(type.FullName);
    }

    return 0;
}

using XunitTestFramework framework = new(new NullMessageSink());
using ITestFrameworkDiscoverer discoverer = framework.GetDiscoverer(Reflector.Wrap(tests));
Discovered discovered = new();
foreach (Type type in classes.Where(type => args.Any(name => name == type.FullName || name.StartsWith(type.FullName + ".", StringComparison.Ordinal))))
{
    discoverer.Find(type.FullName, includeSourceInformation: false, discovered, new Options());
    discovered.IsDone.WaitOne();
}

Outcomes outcomes = new();
using (ITestFrameworkExecutor executor = framework.GetExecutor(tests.GetName()))
{
    executor.RunTests(discovered.Cases.Where(IsWanted), outcomes, new Options());
    outcomes.IsDone.Wait();
}

Console.WriteLine($"{outcomes.Passed} passed, {outcomes.Failed} failed, {outcomes.Skipped} skipped");
return outcomes.Failed == 0 && outcomes.Passed > 0 ? 0 : 1;

bool IsWanted(ITestCase test)
{
    string type = test.TestMethod.TestClass.Class.Name, name = $"{type}.{test.TestMethod.Method.Name}";
    return (args.Contains(type) || args.Contains(name)) && !args.Contains("-" + name);
}
