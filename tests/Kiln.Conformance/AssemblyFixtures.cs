using Kiln.Conformance.Fixtures;

[assembly: AssemblyFixture(typeof(World))]
