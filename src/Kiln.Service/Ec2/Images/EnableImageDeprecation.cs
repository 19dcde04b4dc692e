using Kiln.Protocol.Errors;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Images;

/// <summary>
/// Sets the date from which an image counts as deprecated. EC2 API Reference "EnableImageDeprecation".
/// </summary>
/// <remarks>
/// Nothing else happens on that date: it hides the image from lists of other accounts. Instances can still be
/// launched.
/// </remarks>
[Operation("ec2:EnableImageDeprecation")]
public sealed class EnableImageDeprecation(Db db, TimeProvider clock)
    : IOperation<EnableImageDeprecation.Request, EnableImageDeprecation.Response>
{
    /// <summary>The call.</summary>
    public sealed record Request
    {
        /// <summary>The image.</summary>
        public required string ImageId { get; init; }

        /// <summary>The date; seconds are rounded to the minute.</summary>
        public required DateTimeOffset DeprecateAt { get; init; }

        /// <summary>A rehearsal.</summary>
        public bool? DryRun { get; init; }
    }

    /// <summary>Always true.</summary>
    public sealed record Response
    {
        /// <summary>True.</summary>
        public bool Return { get; init; } = true;
    }

    /// <summary>How far ahead a date may be, in years.</summary>
    public const int YearsMax = 10;

    /// <summary>How long after its creation a public image may go undeprecated, in years.</summary>
    public const int PublicYearsMax = 2;

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var at = ToMinute(request.DeprecateAt);
        if (request.DeprecateAt < now)
            throw Bad("it is in the past");
        if (at > now.AddYears(YearsMax))
            throw Bad($"it is more than {YearsMax} years ahead");
        var image = await ImageAccess.Owned(db, request.ImageId, call, now, cancel);
        await call.Authorize(Arn.Image(call.Region, image.Id));
        if (image.IsPublic && at > ToMinute(image.CreationDate.AddYears(PublicYearsMax)))
            throw Bad($"a public image is deprecated {PublicYearsMax} years after its creation at the latest");

        image.DeprecationTime = at;
        await db.SaveChangesAsync(cancel);
        return new Response();
    }

    /// <summary>The nearest whole minute.</summary>
    public static DateTimeOffset ToMinute(DateTimeOffset time)
    {
        const int seconds = 60;
        // The last minute that there is has none after it.
        var half = Math.Min(time.ToUnixTimeSeconds() + seconds / 2, DateTimeOffset.MaxValue.ToUnixTimeSeconds());
        return DateTimeOffset.FromUnixTimeSeconds(half / seconds * seconds);
    }

    private static AwsException Bad(string why) =>
        Ec2Error.InvalidParameterValue($"The value of the parameter DeprecateAt cannot be used: {why}.");
}
