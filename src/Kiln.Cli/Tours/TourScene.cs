using System.Globalization;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using Kiln.Cli.Connections;
using Kiln.Cli.Output;

namespace Kiln.Cli.Tours;

/// <summary>The tour's cast (two accounts, two Regions), its narrator, and its claims, which are checked.</summary>
public sealed class TourScene : IDisposable
{
    /// <summary>How long the tour waits for a state: far longer than any step takes.</summary>
    private static readonly TimeSpan WaitMax = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan AskEvery = TimeSpan.FromMilliseconds(50);
    private readonly TimeProvider _time = TimeProvider.System;
    private int _step;

    /// <summary>Sets the scene.</summary>
    public TourScene(Screen screen, AwsClient owner, AwsClient friend, AwsClient away)
    {
        (Screen, Owner, Friend, Away) = (screen, owner, friend, away);
    }

    /// <summary>Where the tour is told.</summary>
    public Screen Screen { get; }

    /// <summary>The owner's account at home.</summary>
    public AwsClient Owner { get; }

    /// <summary>Another account at home.</summary>
    public AwsClient Friend { get; }

    /// <summary>The owner's account in the second Region.</summary>
    public AwsClient Away { get; }

    /// <summary>The first Region.</summary>
    public string Home => Owner.Connection.Region;

    /// <summary>The second Region.</summary>
    public string AwayRegion => Away.Connection.Region;

    /// <summary>Begins a step.</summary>
    public void Step(string title)
    {
        Screen.Line();
        Screen.Line(string.Create(CultureInfo.InvariantCulture, $"{++_step}. {title}"));
    }

    /// <summary>Says what happened.</summary>
    public void Tell(string sentence) => Wrap("   ", "   ", sentence);

    /// <summary>Says what it costs.</summary>
    public void Cost(string sentence) => Wrap("   cost     ", "            ", sentence);

    private void Wrap(string first, string further, string sentence)
    {
        var line = first;
        foreach (var word in sentence.Split(' '))
        {
            if (line.Length + word.Length > Screen.ColumnsMax)
            {
                Screen.Line(line.TrimEnd());
                line = further;
            }
            line += word + " ";
        }
        Screen.Line(line.TrimEnd());
    }

    /// <summary>Checks what the tour says.</summary>
    /// <exception cref="CliException">It is not so.</exception>
    public static void Claim(bool holds, string claim)
    {
        if (!holds)
            throw new CliException($"The tour claims what does not hold: {claim}");
    }

    /// <summary>Expects a refusal with this code, and says it.</summary>
    public async Task Refused(string what, string code, Func<Task> call)
    {
        try
        {
            await call();
        }
        catch (CallException refusal)
        {
            Claim(refusal.Code == code, $"{what} is refused with {code}, not {refusal.Code}: {refusal.Message}");
            Wrap("   refused  ", "            ", $"{what}: {refusal.Code}");
            return;
        }
        Claim(false, $"{what} is refused");
    }

    /// <summary>Asks until an element of the answer has a value.</summary>
    public async Task<XElement> Until(
        AwsClient client, string action, string parameter, string id, string element, string wanted,
        CancellationToken cancel)
    {
        var began = _time.GetTimestamp();
        while (true)
        {
            var answer = await client.Ec2(action, [(parameter, id)], cancel);
            var found = answer.Descendants(element).FirstOrDefault();
            var value = found is { HasElements: true } ? found.Element("name")?.Value : found?.Value;
            if (value == wanted)
                return answer;
            Claim(value is not ("failed" or "error"),
                $"{id} becomes {wanted}, not {value}: {answer.Descendants("message").FirstOrDefault()?.Value}");
            Claim(_time.GetElapsedTime(began) < WaitMax, $"{id} becomes {wanted} within {WaitMax}, and is {value}");
            await Task.Delay(AskEvery, _time, cancel);
        }
    }

    /// <summary>A value of an answer that has to be there.</summary>
    public static string Value(XElement answer, string element) =>
        answer.Descendants(element).FirstOrDefault()?.Value is { Length: > 0 } value ? value
            : throw new CliException($"The answer {answer.Name} has no {element}.");

    /// <summary>The snapshots' costs in a Region, by id.</summary>
    public async Task<Dictionary<string, (long Full, long Unique)>> Usage(string region, CancellationToken cancel)
    {
        var answer = await Owner.Kiln("DescribeUsage", new JsonObject { ["Region"] = region }, cancel);
        return answer["Snapshots"]!.AsArray().ToDictionary(
            s => (string)s!["SnapshotId"]!, s => ((long)s!["FullBytes"]!, (long)s["UniqueBytes"]!));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Friend.Dispose();
        Away.Dispose();
    }
}
