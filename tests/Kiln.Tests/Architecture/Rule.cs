namespace Kiln.Tests.Architecture;

/// <summary>A rule about the tree: a failure lists every place that breaks it and says what to do.</summary>
public static class Rule
{
    /// <summary>Fails when there is a place that breaks the rule.</summary>
    public static void Holds(IEnumerable<string> broken, string advice)
    {
        var places = broken.ToList();
        if (places.Count > 0)
            Assert.Fail($"{advice}\n  {string.Join("\n  ", places)}");
    }
}
