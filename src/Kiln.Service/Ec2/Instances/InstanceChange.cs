using Kiln.Protocol.Errors;

namespace Kiln.Service.Ec2.Instances;

/// <summary>The one change that a call to ModifyInstanceAttribute asks for, in whichever form.</summary>
public sealed record InstanceChange
{
    /// <summary>The attribute's name.</summary>
    public required string Name { get; init; }

    /// <summary>The value as text; user data in base64.</summary>
    public string Text { get; init; } = "";

    /// <summary>Security groups.</summary>
    public IReadOnlyList<string> Groups { get; init; } = [];

    /// <summary>Attachments.</summary>
    public IReadOnlyList<ModifyInstanceAttribute.Mapping> Devices { get; init; } = [];

    /// <summary>Finds the change in a request.</summary>
    /// <exception cref="AwsException">InvalidParameterCombination: none, or more than one.</exception>
    public static InstanceChange Of(ModifyInstanceAttribute.Request request)
    {
        var changes = new List<InstanceChange>();
        void Add(string name, string? text)
        {
            if (text is not null)
                changes.Add(new InstanceChange { Name = name, Text = text });
        }
        Add("sourceDestCheck", Word(request.SourceDestCheck));
        Add("disableApiStop", Word(request.DisableApiStop));
        Add("disableApiTermination", Word(request.DisableApiTermination));
        Add("ebsOptimized", Word(request.EbsOptimized));
        Add("enaSupport", Word(request.EnaSupport));
        Add("sriovNetSupport", request.SriovNetSupport?.Value);
        Add("instanceType", request.InstanceType?.Value);
        Add("instanceInitiatedShutdownBehavior", request.InstanceInitiatedShutdownBehavior?.Value);
        Add("userData", request.UserData?.Value is { } bytes ? Convert.ToBase64String(bytes.Span) : null);
        if (request.Groups.Count > 0)
            changes.Add(new InstanceChange { Name = "groupSet", Groups = request.Groups });
        if (request.BlockDeviceMappings.Count > 0)
            changes.Add(new InstanceChange { Name = "blockDeviceMapping", Devices = request.BlockDeviceMappings });
        // Clients name the attribute beside its structure; by itself the name needs a value.
        if (changes.Count == 0 && request.Attribute is { } named)
            Add(named, request.Value ?? throw Ec2Error.MissingParameter("Value"));
        return changes.Count == 1 ? changes[0] : throw Ec2Error.InvalidParameterCombination(
            changes.Count == 0 ? "No attributes specified." : "Fields for multiple attribute types specified");
    }

    /// <summary>The value as a boolean.</summary>
    /// <exception cref="AwsException">InvalidParameterValue.</exception>
    public bool Bool() => Text switch
    {
        "true" => true,
        "false" => false,
        _ => throw Ec2Error.InvalidParameterValue(Ec2Error.Short(Text), Name, "Use true or false."),
    };

    /// <summary>The value, which must be one of these.</summary>
    /// <exception cref="AwsException">InvalidParameterValue.</exception>
    public string OneOf(params string[] values) => values.Contains(Text)
        ? Text
        : throw Ec2Error.InvalidParameterValue(Ec2Error.Short(Text), Name, $"Use {string.Join(" or ", values)}.");

    private static string? Word(AttributeBooleanValue? value) => value?.Value switch
    {
        null => null,
        true => "true",
        false => "false",
    };
}
