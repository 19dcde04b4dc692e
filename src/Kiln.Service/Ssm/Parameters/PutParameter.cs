using System.ComponentModel.DataAnnotations;
using System.Text;
using System.Text.RegularExpressions;
using Kiln.Protocol.Errors;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Images;
using Kiln.Service.Kms;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ssm.Parameters;

/// <summary>Makes a parameter, or a new version of it. Systems Manager API Reference "PutParameter".</summary>
/// <remarks>
/// AWS looks at the image behind <c>aws:ec2:image</c> after it has answered and tells the outcome by an event. Kiln
/// looks before: a version whose image the caller cannot see is refused, and no number is used up.
/// </remarks>
[Operation("ssm:PutParameter")]
public sealed partial class PutParameter(
    Db db, ParameterLookup lookup, Paging paging, TimeProvider clock)
    : IOperation<PutParameter.Request, PutParameter.Response>
{
    /// <summary>Systems Manager's quota of parameters for an account and Region.</summary>
    public const int ParametersMax = 10_000;

    private const int StandardBytesMax = 4096, AdvancedBytesMax = 8192;
    private const string Text = "text", ImageType = "aws:ec2:image";

    /// <summary>The parameters.</summary>
    [Unsupported("parameters do not expire here", "Policies")]
    public sealed record Request
    {
        [Length(1, 2048)] public required string Name { get; init; }

        [MaxLength(1024)] public string? Description { get; init; }

        public required string Value { get; init; }

        public ParameterType? Type { get; init; }

        [Length(1, 256)] public string? KeyId { get; init; }

        public bool? Overwrite { get; init; }

        [MaxLength(1024)] public string? AllowedPattern { get; init; }

        public ParameterTier? Tier { get; init; }

        [MaxLength(128)] public string? DataType { get; init; }

        [MaxLength(1000)] public IReadOnlyList<Tag> Tags { get; init; } = [];
    }

    /// <summary>The answer.</summary>
    public sealed record Response
    {
        public long? Version { get; init; }

        public ParameterTier? Tier { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        ParameterName.Check(request.Name, call);
        var arn = Arn.Parameter(call.Region, call.AccountId, request.Name);
        var tags = ReadTags(request, arn, call);
        await call.Authorize(arn);
        var before = await db.ParameterVersions.SingleOrDefaultAsync(p => p.AccountId == call.AccountId
            && p.Region == call.Region && p.Name == request.Name && p.IsCurrent, cancel);
        if (before is not null && request.Overwrite != true)
            throw SsmError.ParameterAlreadyExists();
        if (before is null)
        {
            await db.Limit($"parameters/{call.AccountId}/{call.Region}", lookup.Current(call.AccountId, call.Region),
                ParametersMax, more: 1, () => SsmError.Of("ParameterLimitExceeded",
                    $"An account may have {ParametersMax} parameters in a Region."), cancel);
        }
        var type = TypeOf(request, before);
        var dataType = request.DataType ?? before?.DataType ?? Text;
        var tier = TierOf(request, before);
        if (Nested().IsMatch(request.Value))
        {
            throw SsmError.Validation(
                "Parameter value can't nest another parameter. Do not use \"{{}}\" in the value.");
        }
        CheckPattern(request.AllowedPattern ?? before?.AllowedPattern, request.Value);
        await CheckDataType(dataType, type, request.Value, call, cancel);

        var isSecure = type == ParameterType.SecureString;
        var keyId = isSecure ? request.KeyId ?? before?.KeyId ?? Alias.SsmName : null;
        var version = new ParameterVersion
        {
            AccountId = call.AccountId,
            Region = call.Region,
            Name = request.Name,
            Number = (before?.Number ?? 0) + 1,
            IsCurrent = true,
            Tags = before?.Tags ?? tags,
            Type = type,
            Value = isSecure ? await lookup.Seal(request.Value, keyId!, arn, call, cancel) : request.Value,
            KeyId = keyId,
            Description = request.Description ?? before?.Description,
            AllowedPattern = request.AllowedPattern ?? before?.AllowedPattern,
            Tier = tier,
            DataType = dataType,
            LastModifiedDate = clock.GetUtcNow(),
            LastModifiedUser = call.Caller.Arn,
        };
        if (before is not null)
            before.IsCurrent = false;
        db.Add(version);
        await RemoveOldest(version, cancel);
        await db.SaveChangesAsync(cancel);
        return new Response { Version = version.Number, Tier = tier };
    }

    private static IReadOnlyDictionary<string, string> ReadTags(Request request, string arn, Call call)
    {
        if (request.Tags.Count == 0)
            return new Dictionary<string, string>();
        if (request.Overwrite == true)
        {
            throw SsmError.Validation("Invalid request: tags and overwrite can't be used together. To create a "
                + "parameter with tags, please remove overwrite flag. To update tags for an existing parameter, please "
                + "use AddTagsToResource or RemoveTagsFromResource.");
        }
        Tag.Tell(call.WillTag(arn, "ssm:AddTagsToResource"), request.Tags);
        return Tag.Add(new Dictionary<string, string>(), request.Tags);
    }

    private async Task RemoveOldest(ParameterVersion version, CancellationToken cancel)
    {
        var oldest = version.Number - ParameterVersion.VersionsMax;
        var over = await db.ParameterVersions.Where(p => p.AccountId == version.AccountId
            && p.Region == version.Region && p.Name == version.Name && p.Number <= oldest).ToListAsync(cancel);
        if (over.Exists(p => p.Labels.Count > 0))
        {
            throw SsmError.Of("ParameterMaxVersionLimitExceeded", $"You attempted to create a new version of "
                + $"{version.Name} by calling the PutParameter API with the overwrite flag. Version "
                + $"{over.Find(p => p.Labels.Count > 0)!.Number}, the oldest version, can't be deleted because it has "
                + "a label associated with it. Move the label to another version of the parameter, and try again.");
        }
        db.RemoveRange(over);
    }

    private static ParameterType TypeOf(Request request, ParameterVersion? before)
    {
        var type = request.Type ?? before?.Type
            ?? throw SsmError.Validation("A parameter type is required when you create a parameter.");
        if (before is not null && before.Type != type)
        {
            throw SsmError.Of("HierarchyTypeMismatchException",
                "Parameter Store doesn't support changing a parameter's type: delete it and make it again.");
        }
        if (request.KeyId is not null && type != ParameterType.SecureString)
            throw SsmError.Validation("KeyId is required for SecureString type parameter only.");
        return type;
    }

    private static ParameterTier TierOf(Request request, ParameterVersion? before)
    {
        var bytes = Encoding.UTF8.GetByteCount(request.Value);
        if (bytes == 0)
            throw SsmError.Validation("Parameter value can't be empty.");
        var tier = request.Tier ?? before?.Tier ?? ParameterTier.Standard;
        if (tier == ParameterTier.IntelligentTiering)
            tier = bytes > StandardBytesMax ? ParameterTier.Advanced : before?.Tier ?? ParameterTier.Standard;
        if (before?.Tier == ParameterTier.Advanced && tier == ParameterTier.Standard)
        {
            throw SsmError.Validation("This parameter uses the advanced-parameter tier. You can't downgrade a "
                + "parameter from the advanced-parameter tier to the standard-parameter tier.");
        }
        var most = tier == ParameterTier.Standard ? StandardBytesMax : AdvancedBytesMax;
        if (bytes > most)
        {
            throw SsmError.Validation($"{tier} tier parameters support a maximum parameter value of {most} "
                + "characters. To create a larger parameter value, upgrade the parameter to use the "
                + "advanced-parameter tier.");
        }
        return tier;
    }

    private static void CheckPattern(string? pattern, string value)
    {
        if (pattern is null)
            return;
        bool matches;
        try
        {
            // Without backtracking, no pattern of a stranger's can take long.
            matches = Regex.IsMatch(value, pattern, RegexOptions.NonBacktracking);
        }
        catch (Exception wrong) when (wrong is ArgumentException or NotSupportedException)
        {
            throw SsmError.Of("InvalidAllowedPatternException", "The request does not meet the regular expression "
                + "requirement: " + wrong.Message);
        }
        if (!matches)
        {
            throw SsmError.Of("ParameterPatternMismatchException",
                $"Parameter value, cannot be validated against allowedPattern: {pattern}");
        }
    }

    private async Task CheckDataType(
        string dataType, ParameterType type, string value, Call call, CancellationToken cancel)
    {
        if (dataType == Text)
            return;
        if (dataType != ImageType || type != ParameterType.String)
        {
            throw SsmError.Validation("The data type is text, or for a parameter of type String aws:ec2:image.");
        }
        try
        {
            var images = new DescribeImages(db, paging, clock);
            var found = await images.Handle(
                new DescribeImages.Request { ImageIds = [value] }, call.As("ec2", "DescribeImages"), cancel);
            if (found.Images.Count == 1)
                return;
        }
        catch (AwsException refused)
        {
            throw SsmError.Validation($"The value is not an image that you may use: {refused.Message}");
        }
        throw SsmError.Validation($"The value is not an image that you may use: {value} was deregistered.");
    }

    [GeneratedRegex(@"\{\{.*\}\}", RegexOptions.NonBacktracking)]
    private static partial Regex Nested();
}
